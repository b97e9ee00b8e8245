import type { z } from 'zod'

/** These clients send null for "absent": both are read as undefined. */
export const maybe = <T extends z.ZodType>(schema: T) => schema.nullish().transform((v) => v ?? undefined)
