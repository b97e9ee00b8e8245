/**
 * Apple's chips and Google's TPUs, in the columns of nvidia.ts; a class `none` is no device of llama.cpp. Chips that are
 * also sold with fewer GPU cores and a narrower bus have their full bandwidth here: see apple.ts.
 *
 * The vendors state them in the technical specifications of MacBook Pro, Mac mini and Mac Studio and in the
 * documentation of Cloud TPU; they were read where the letter says.
 */
export const APPLE_GOOGLE = `
tpu-v4         | Cloud TPU v4   | 32              | 1200  | -     | 275 | none        | - | s | TPU ?v4
tpu-v5e        | Cloud TPU v5e  | 16              | 810   | -     | 197 | none        | - | s | TPU ?v5 ?(e|lite)
tpu-v5p        | Cloud TPU v5p  | 95/96           | 2765  | -     | 459 | none        | - | t | TPU ?v5p
tpu-v6e        | Cloud TPU v6e  | 32              | 1600  | -     | 920 | none        | - | s | TPU ?v6e
apple-m1       | Apple M1       | 8/16            | 68    | 2.6   | -   | apple-m1    | - | l | Apple M1~
apple-m1-pro   | Apple M1 Pro   | 16/32           | 200   | 5.2   | -   | apple-m1    | - | l | Apple M1 Pro~
apple-m1-max   | Apple M1 Max   | 32/64           | 400   | 10.4  | -   | apple-m1    | - | l | Apple M1 Max~
apple-m1-ultra | Apple M1 Ultra | 64/128          | 800   | 21    | -   | apple-ultra | - | l | Apple M1 Ultra~
apple-m2       | Apple M2       | 8/16/24         | 100   | 3.6   | -   | apple       | - | l | Apple M2~
apple-m2-pro   | Apple M2 Pro   | 16/32           | 200   | 6.8   | -   | apple       | - | l | Apple M2 Pro~
apple-m2-max   | Apple M2 Max   | 32/64/96        | 400   | 13.49 | -   | apple       | - | l | Apple M2 Max~
apple-m2-ultra | Apple M2 Ultra | 64/128/192      | 800   | 27.2  | -   | apple-ultra | - | l | Apple M2 Ultra~
apple-m3       | Apple M3       | 8/16/24         | 100   | 4.1   | -   | apple       | - | l | Apple M3~
apple-m3-pro   | Apple M3 Pro   | 18/36           | 150   | 7.4   | -   | apple       | - | l | Apple M3 Pro~
apple-m3-max   | Apple M3 Max   | 36/48/64/96/128 | 400   | 14.2  | -   | apple       | - | l | Apple M3 Max~
apple-m3-ultra | Apple M3 Ultra | 96/256/512      | 819   | 28.4  | -   | apple-ultra | - | t | Apple M3 Ultra~
apple-m4       | Apple M4       | 16/24/32        | 120   | 4.6   | -   | apple       | - | l | Apple M4~
apple-m4-pro   | Apple M4 Pro   | 24/48/64        | 273   | 9.2   | -   | apple       | - | l | Apple M4 Pro~
apple-m4-max   | Apple M4 Max   | 36/48/64/128    | 546   | 18.4  | -   | apple       | - | l | Apple M4 Max~
apple-m5       | Apple M5       | 16/24/32        | 153.6 | 5.7   | -   | apple       | - | l | Apple M5~
apple-m5-pro   | Apple M5 Pro   | 24/36/48/64     | 307   | 11.4  | -   | apple       | - | l | Apple M5 Pro~
apple-m5-max   | Apple M5 Max   | 36/48/64/128    | 614   | 22.8  | -   | apple       | - | l | Apple M5 Max~
`
