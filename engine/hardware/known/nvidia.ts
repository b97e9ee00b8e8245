/**
 * NVIDIA's devices. A row: id | name | sizes of memory in GB for which the row holds | bandwidth in GB/s | dense fp16
 * TFLOPS of the shaders | of the matrix units in bf16 | class | compute capability | source | pattern of names. How
 * patterns are written stands at `DevicePattern`, the letters of sources at `SOURCES` in device-table.ts.
 *
 * The vendor states them on the product pages of GeForce and RTX and in the data sheets of the B200, H200, H100, A100,
 * L40S, L4, A10, V100 and T4 Tensor Core GPUs, RTX PRO 6000 Blackwell, RTX 6000 Ada, DGX Spark and Jetson Thor; they were
 * read where the letter says.
 */
export const NVIDIA = String.raw`
rtx-5090          | GeForce RTX 5090            | 32      | 1792 | 104.8 | -    | nvidia-gddr    | 12.0 | l | RTX 5090~
rtx-5080          | GeForce RTX 5080            | 16      | 960  | 56.28 | -    | nvidia-gddr    | 12.0 | l | RTX 5080~
rtx-5070-ti       | GeForce RTX 5070 Ti         | 16      | 896  | 43.94 | -    | nvidia-gddr    | 12.0 | l | RTX 5070 ?Ti~
rtx-5070          | GeForce RTX 5070            | 12      | 672  | 30.84 | -    | nvidia-gddr    | 12.0 | l | RTX 5070~
rtx-5060-ti       | GeForce RTX 5060 Ti         | 8/16    | 448  | 23.7  | -    | nvidia-gddr    | 12.0 | l | RTX 5060 ?Ti~
rtx-5060          | GeForce RTX 5060            | 8       | 448  | 19.18 | -    | nvidia-gddr    | 12.0 | t | RTX 5060~
rtx-5090-laptop   | GeForce RTX 5090 Laptop GPU | 24      | 896  | 31.8  | -    | nvidia-gddr    | 12.0 | t | RTX 5090 (Laptop|Mobile)
rtx-4090          | GeForce RTX 4090            | 24      | 1008 | 82.58 | -    | nvidia-gddr    | 8.9  | l | RTX 4090~
rtx-4080-super    | GeForce RTX 4080 SUPER      | 16      | 736  | 52.2  | -    | nvidia-gddr    | 8.9  | l | RTX 4080 ?SUPER~
rtx-4080          | GeForce RTX 4080            | 16      | 717  | 48.7  | -    | nvidia-gddr    | 8.9  | l | RTX 4080~
rtx-4070-ti-super | GeForce RTX 4070 Ti SUPER   | 16      | 672  | 44.1  | -    | nvidia-gddr    | 8.9  | l | RTX 4070 ?Ti ?SUPER~
rtx-4070-ti       | GeForce RTX 4070 Ti         | 12      | 504  | 40.09 | -    | nvidia-gddr    | 8.9  | l | RTX 4070 ?Ti~
rtx-4070-super    | GeForce RTX 4070 SUPER      | 12      | 504  | 35.48 | -    | nvidia-gddr    | 8.9  | l | RTX 4070 ?SUPER~
rtx-4070          | GeForce RTX 4070            | 12      | 504  | 29.15 | -    | nvidia-gddr    | 8.9  | l | RTX 4070~
rtx-4060-ti       | GeForce RTX 4060 Ti         | 8/16    | 288  | 22.06 | -    | nvidia-gddr    | 8.9  | l | RTX 4060 ?Ti~
rtx-4060          | GeForce RTX 4060            | 8       | 272  | 15.11 | -    | nvidia-gddr    | 8.9  | l | RTX 4060~
rtx-4090-laptop   | GeForce RTX 4090 Laptop GPU | 16      | 576  | 32.98 | -    | nvidia-gddr    | 8.9  | t | RTX 4090 (Laptop|Mobile)
rtx-4080-laptop   | GeForce RTX 4080 Laptop GPU | 12      | 432  | 24.72 | -    | nvidia-gddr    | 8.9  | t | RTX 4080 (Laptop|Mobile)
rtx-4070-laptop   | GeForce RTX 4070 Laptop GPU | 8       | 256  | 15.62 | -    | nvidia-gddr    | 8.9  | t | RTX 4070 (Laptop|Mobile)
rtx-4060-laptop   | GeForce RTX 4060 Laptop GPU | 8       | 256  | 11.61 | -    | nvidia-gddr    | 8.9  | t | RTX 4060 (Laptop|Mobile)
rtx-3090-ti       | GeForce RTX 3090 Ti         | 24      | 1008 | 40    | -    | nvidia-gddr    | 8.6  | l | RTX 3090 ?Ti~
rtx-3090          | GeForce RTX 3090            | 24      | 936  | 35.58 | -    | nvidia-gddr    | 8.6  | l | RTX 3090~
rtx-3080-ti       | GeForce RTX 3080 Ti         | 12      | 912  | 34.1  | -    | nvidia-gddr    | 8.6  | l | RTX 3080 ?Ti~
rtx-3080          | GeForce RTX 3080            | 10      | 760  | 30.6  | -    | nvidia-gddr    | 8.6  | l | RTX 3080~
rtx-3070-ti       | GeForce RTX 3070 Ti         | 8       | 608  | 21.75 | -    | nvidia-gddr    | 8.6  | l | RTX 3070 ?Ti~
rtx-3070          | GeForce RTX 3070            | 8       | 448  | 20.31 | -    | nvidia-gddr    | 8.6  | l | RTX 3070~
rtx-3060-ti       | GeForce RTX 3060 Ti         | 8       | 448  | 16.2  | -    | nvidia-gddr    | 8.6  | l | RTX 3060 ?Ti~
rtx-3060          | GeForce RTX 3060            | 12      | 360  | 12.74 | -    | nvidia-gddr    | 8.6  | l | RTX 3060~
rtx-2080-ti       | GeForce RTX 2080 Ti         | 11/22   | 616  | 26.9  | -    | nvidia-gddr    | 7.5  | l | RTX 2080 ?Ti~
rtx-2080-super    | GeForce RTX 2080 SUPER      | 8       | 496  | -     | -    | nvidia-gddr    | 7.5  | l | RTX 2080 ?SUPER~
rtx-2080          | GeForce RTX 2080            | 8       | 448  | 20.14 | -    | nvidia-gddr    | 7.5  | l | RTX 2080~
rtx-2070-super    | GeForce RTX 2070 SUPER      | 8       | 448  | 18.12 | -    | nvidia-gddr    | 7.5  | l | RTX 2070 ?SUPER~
rtx-2070          | GeForce RTX 2070            | 8       | 448  | 14.93 | -    | nvidia-gddr    | 7.5  | l | RTX 2070~
rtx-2060-super    | GeForce RTX 2060 SUPER      | 8       | 448  | -     | -    | nvidia-gddr    | 7.5  | l | RTX 2060 ?SUPER~
rtx-2060          | GeForce RTX 2060            | 6/12    | 336  | 12.9  | -    | nvidia-gddr    | 7.5  | l | RTX 2060~
gtx-1660-ti       | GeForce GTX 1660 Ti         | 6       | 288  | -     | -    | nvidia-gddr    | 7.5  | l | GTX 1660 ?Ti~
gtx-1660-super    | GeForce GTX 1660 SUPER      | 6       | 336  | -     | -    | nvidia-gddr    | 7.5  | l | GTX 1660 ?SUPER~
gtx-1660          | GeForce GTX 1660            | 6       | 192  | 10.05 | -    | nvidia-gddr    | 7.5  | l | GTX 1660~
gtx-1080-ti       | GeForce GTX 1080 Ti         | 11      | 484  | 11.34 | -    | nvidia-gddr    | 6.1  | t | GTX 1080 ?Ti~
gtx-1080          | GeForce GTX 1080            | 8       | 320  | 8.87  | -    | nvidia-gddr    | 6.1  | t | GTX 1080~
gtx-1070          | GeForce GTX 1070            | 8       | 256  | 6.46  | -    | nvidia-gddr    | 6.1  | t | GTX 1070~
gtx-1060          | GeForce GTX 1060            | 3/6     | 192  | 3.9   | -    | nvidia-gddr    | 6.1  | t | GTX 1060~
rtx-pro-6000      | RTX PRO 6000 Blackwell      | 96      | 1792 | 126   | -    | nvidia-gddr    | 12.0 | g | RTX PRO 6000
rtx-pro-5000      | RTX PRO 5000 Blackwell      | 48/72   | 1344 | 66.94 | -    | nvidia-gddr    | 12.0 | t | RTX PRO 5000~
rtx-pro-4500      | RTX PRO 4500 Blackwell      | 32      | 896  | 50.53 | -    | nvidia-gddr    | 12.0 | t | RTX PRO 4500~
rtx-pro-4000      | RTX PRO 4000 Blackwell      | 24      | 672  | 36.83 | -    | nvidia-gddr    | 12.0 | t | RTX PRO 4000~
rtx-6000-ada      | RTX 6000 Ada Generation     | 48      | 960  | 91.1  | -    | nvidia-gddr    | 8.9  | t | RTX 6000 Ada
rtx-a6000         | RTX A6000                   | 48      | 768  | 38.7  | -    | nvidia-gddr    | 8.6  | l | RTX A6000
rtx-a5000         | RTX A5000                   | 24      | 768  | 27.77 | -    | nvidia-gddr    | 8.6  | l | RTX A5000~
rtx-a4000         | RTX A4000                   | 16      | 448  | 19.17 | -    | nvidia-gddr    | 8.6  | l | RTX A4000~
rtx-a2000         | RTX A2000                   | 6/12    | 288  | 7.987 | -    | nvidia-gddr    | 8.6  | t | RTX A2000~
quadro-rtx-8000   | Quadro RTX 8000             | 48      | 672  | -     | -    | nvidia-gddr    | 7.5  | t | Quadro RTX 8000
b300              | B300 SXM                    | 288     | 8000 | -     | 2250 | nvidia-hbm     | -    | m | B300~
gb200             | GB200                       | 186     | 8000 | -     | 2500 | nvidia-hbm     | -    | m | GB200~
b200              | B200 SXM                    | 180/192 | 8000 | 496.6 | 2250 | nvidia-hbm     | 10.0 | m | B200~
gh200-144         | GH200 (HBM3e)               | 141     | 4800 | -     | 989  | nvidia-hbm     | 9.0  | m | GH200 144G
gh200-96          | GH200 (HBM3)                | 96      | 4000 | -     | 989  | nvidia-hbm     | 9.0  | m | GH200 (480GB|96G|120GB)
h200              | H200 SXM                    | 141     | 4800 | 241.3 | 989  | nvidia-hbm     | 9.0  | m | H200~
h100-sxm          | H100 SXM5 80GB              | 80      | 3350 | 267.6 | 989  | nvidia-hbm     | 9.0  | m | H100 80GB HBM3
h100-pcie         | H100 PCIe                   | 80      | 2000 | -     | 756  | nvidia-hbm     | 9.0  | m | H100 PCIe
h20               | H20                         | 96      | 4022 | 148   | -    | nvidia-hbm     | 9.0  | p | H20~
a100-sxm-80       | A100 SXM4 80GB              | 80      | 2039 | 77.97 | 312  | nvidia-hbm     | 8.0  | l | A100-SXM\d?-80GB
a100-pcie-80      | A100 PCIe 80GB              | 80      | 1935 | 77.97 | 312  | nvidia-hbm     | 8.0  | t | A100 80GB PCIe
a100-40           | A100 40GB                   | 40      | 1555 | 77.97 | 312  | nvidia-hbm     | 8.0  | l | A100-(SXM\d?|PCIE)-40GB
l40s              | L40S                        | 48      | 864  | 91.61 | 362  | nvidia-gddr    | 8.9  | l | L40S~
l40               | L40                         | 48      | 864  | 90.52 | -    | nvidia-gddr    | 8.9  | l | L40~
l20               | L20                         | 48      | 864  | 59.35 | -    | nvidia-gddr    | 8.9  | p | L20~
l4                | L4                          | 24      | 300  | 30.29 | -    | nvidia-gddr    | 8.9  | l | L4~
a40               | A40                         | 48      | 696  | 37.42 | -    | nvidia-gddr    | 8.6  | t | (?<!RTX )A40~
a10g              | A10G                        | 24      | 600  | -     | -    | nvidia-gddr    | 8.6  | l | A10G~
a10               | A10                         | 24      | 600  | 31.24 | -    | nvidia-gddr    | 8.6  | l | (?<!RTX )A10~
v100              | V100                        | 16/32   | 900  | 28.26 | -    | nvidia-hbm     | 7.0  | l | V100(?!S)
t4                | T4                          | 16      | 320  | 65.13 | -    | nvidia-gddr    | 7.5  | l | T4~
p100              | P100                        | 16      | 732  | 19.05 | -    | nvidia-hbm     | 6.0  | g | P100~
p40               | P40                         | 24      | 346  | 11.76 | -    | nvidia-gddr    | 6.1  | t | P40~
gb10              | GB10 (DGX Spark)            | 128     | 273  | 29.71 | -    | nvidia-unified | 12.1 | t | GB10~
jetson-thor       | Jetson AGX Thor             | 128     | 273  | -     | -    | nvidia-unified | -    | t | Thor~
`
