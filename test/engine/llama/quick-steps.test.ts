import { expect, test } from 'vitest'
import { createQuickSteps } from '../../../engine/llama/quick-steps.ts'

test('a step is quick when the last one with as many tokens was', () => {
  const steps = createQuickSteps()
  expect(steps.isQuick(1)).toBe(false)
  steps.took(1, 1.5)
  expect(steps.isQuick(1)).toBe(true)
  expect(steps.isQuick(2)).toBe(false)
})

test('one slow step, and the next is handed to another thread again', () => {
  const steps = createQuickSteps()
  steps.took(1, 1.5)
  steps.took(1, 30)
  expect(steps.isQuick(1)).toBe(false)
})

test('the steps of prompts are never quick', () => {
  const steps = createQuickSteps()
  steps.took(512, 1)
  expect(steps.isQuick(512)).toBe(false)
})
