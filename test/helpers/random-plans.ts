import { generator } from './random-weights.ts'

/** Numbers that look random and are the same in every run. */
export function randomFrom(seed: number): (least: number, most: number) => number {
  const next = generator(seed)
  return (least, most) => least + next() * (most - least)
}
