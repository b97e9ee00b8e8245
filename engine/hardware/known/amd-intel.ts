/**
 * AMD's and Intel's devices, in the columns of nvidia.ts; in place of a compute capability stands the gfx version. A die
 * of an MI250 is a device of its own, so the row has half of what the card's data sheet says.
 *
 * The vendors state them in the data sheets of AMD Instinct MI210, MI250, MI300X, MI325X and MI355X and on the product
 * pages of Radeon RX, Radeon PRO, Ryzen AI Max, Intel Arc and Gaudi; they were read where the letter says.
 */
export const AMD_INTEL = String.raw`
mi355x      | Instinct MI355X                | 288       | 8000 | -     | 2500  | amd-hbm     | -       | m | MI355X
mi350x      | Instinct MI350X                | 288       | 8000 | -     | -     | amd-hbm     | -       | m | MI350X
mi325x      | Instinct MI325X                | 256       | 6000 | -     | 1300  | amd-hbm     | -       | m | MI325X
mi300x      | Instinct MI300X                | 192       | 5300 | -     | 1300  | amd-hbm     | -       | m | MI300X~
mi250       | Instinct MI250, MI250X (a die) | 64        | 1638 | 181   | 191.5 | amd-hbm     | gfx90a  | l | MI250
mi210       | Instinct MI210                 | 64        | 1638 | 181.0 | -     | amd-hbm     | gfx90a  | l | MI210
mi100       | Instinct MI100                 | 32        | 1229 | 184.6 | -     | amd-hbm     | gfx908  | l | MI100
mi50        | Instinct MI50                  | 16/32     | 1024 | 26.5  | -     | amd-hbm     | gfx906  | t | MI50~
r9700       | Radeon AI PRO R9700            | 32        | 640  | 95.7  | -     | amd-gddr    | gfx1201 | t | R9700
rx-9070-xt  | Radeon RX 9070 XT              | 16        | 640  | 97.32 | -     | amd-gddr    | gfx1201 | t | RX 9070 ?XT~
rx-9070     | Radeon RX 9070                 | 16        | 640  | 72.25 | -     | amd-gddr    | gfx1201 | t | RX 9070~
rx-9060-xt  | Radeon RX 9060 XT              | 8/16      | 320  | 51.28 | -     | amd-gddr    | gfx1200 | t | RX 9060 ?XT~
rx-7900-xtx | Radeon RX 7900 XTX             | 24        | 960  | 122.8 | -     | amd-gddr    | gfx1100 | l | RX 7900 ?XTX
rx-7900-xt  | Radeon RX 7900 XT              | 20        | 800  | 103.0 | -     | amd-gddr    | gfx1100 | l | RX 7900 ?XT~
rx-7900-gre | Radeon RX 7900 GRE             | 16        | 576  | 91.96 | -     | amd-gddr    | gfx1100 | l | RX 7900 ?GRE
rx-7800-xt  | Radeon RX 7800 XT              | 16        | 624  | 74.65 | -     | amd-gddr    | gfx1101 | l | RX 7800 ?XT~
rx-7700-xt  | Radeon RX 7700 XT              | 12        | 432  | 70.34 | -     | amd-gddr    | gfx1101 | l | RX 7700 ?XT~
rx-7600-xt  | Radeon RX 7600 XT              | 16        | 288  | 45.14 | -     | amd-gddr    | gfx1102 | t | RX 7600 ?XT~
rx-7600     | Radeon RX 7600                 | 8         | 288  | -     | -     | amd-gddr    | gfx1102 | l | RX 7600~
w7900       | Radeon PRO W7900               | 48        | 864  | 122.6 | -     | amd-gddr    | gfx1100 | t | W7900
w7800       | Radeon PRO W7800               | 32        | 576  | 90.5  | -     | amd-gddr    | gfx1100 | t | W7800
rx-6950-xt  | Radeon RX 6950 XT              | 16        | 576  | 47.31 | -     | amd-gddr    | gfx1030 | l | RX 6950 ?XT~
rx-6900-xt  | Radeon RX 6900 XT              | 16        | 512  | -     | -     | amd-gddr    | gfx1030 | l | RX 6900 ?XT~
rx-6800-xt  | Radeon RX 6800 XT              | 16        | 512  | -     | -     | amd-gddr    | gfx1030 | l | RX 6800 ?XT~
rx-6800     | Radeon RX 6800                 | 16        | 512  | 32.33 | -     | amd-gddr    | gfx1030 | l | RX 6800~
rx-6750-xt  | Radeon RX 6750 XT              | 12        | 432  | -     | -     | amd-gddr    | gfx1031 | t | RX 6750 ?XT~
rx-6700-xt  | Radeon RX 6700 XT              | 12        | 384  | 26.43 | -     | amd-gddr    | gfx1031 | l | RX 6700 ?XT~
rx-6650-xt  | Radeon RX 6650 XT              | 8         | 280  | 21.59 | -     | amd-gddr    | gfx1032 | t | RX 6650 ?XT~
rx-6600-xt  | Radeon RX 6600 XT              | 8         | 256  | 21.21 | -     | amd-gddr    | gfx1032 | l | RX 6600 ?XT~
rx-6600     | Radeon RX 6600                 | 8         | 224  | 17.86 | -     | amd-gddr    | gfx1032 | l | RX 6600~
rx-5700-xt  | Radeon RX 5700 XT              | 8         | 448  | 19.51 | -     | amd-gddr    | gfx1010 | t | RX 5700 ?XT~
rx-580      | Radeon RX 580                  | 4/8       | 256  | -     | -     | amd-gddr    | -       | t | RX 580~
strix-halo  | Radeon 8060S (Strix Halo)      | 64/96/128 | 256  | 29.7  | -     | amd-unified | gfx1151 | l | 8060S or STRIX_HALO or gfx1151 or Ryzen AI Max\+
arc-a770    | Arc A770                       | 16        | 560  | 39.32 | -     | intel-gddr  | -       | t | Arc(\(TM\))? A770~
arc-a750    | Arc A750                       | 8         | 512  | 34.41 | -     | intel-gddr  | -       | t | Arc(\(TM\))? A750~
arc-a580    | Arc A580                       | 8         | 512  | -     | -     | intel-gddr  | -       | t | Arc(\(TM\))? A580~
arc-a380    | Arc A380                       | 6         | 186  | 8.4   | -     | intel-gddr  | -       | t | Arc(\(TM\))? A380~
arc-b580    | Arc B580                       | 12        | 456  | 27.34 | -     | intel-gddr  | -       | t | Arc(\(TM\))? B580~
arc-b570    | Arc B570                       | 10        | 380  | 23.04 | -     | intel-gddr  | -       | t | Arc(\(TM\))? B570~
gaudi3      | Gaudi 3                        | 128       | 3700 | -     | 1677  | none        | -       | m | Gaudi ?3 or HL-3\d\d
gaudi2      | Gaudi 2                        | 96        | 2460 | -     | 432   | none        | -       | m | Gaudi ?2 or HL-2\d\d
`
