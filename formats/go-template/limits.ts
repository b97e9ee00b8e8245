/** Templates come from strangers: what one may take of the process that serves everybody. Real ones are a few KiB. */

/** UTF-16 units of a template. */
export const MAX_TEMPLATE_LENGTH = 256 * 1024
/** Blocks and parentheses inside each other, and links of a chain of `else if`. */
export const MAX_NESTING = 200
/** Variables that are in scope at one place. */
export const MAX_VARIABLES = 1000
/** Nodes that a run visits, and rounds of loops; a chat of ten thousand turns takes about a million. */
export const MAX_STEPS = 2_000_000
/** UTF-16 units of what a run writes, and of any one value it makes. */
export const MAX_TEXT = 16 * 1024 * 1024
/** Levels of blocks, calls of templates and parentheses while a template runs. */
export const MAX_RUN_DEPTH = 500
/** Levels of lists and maps inside each other in a value that is printed. */
export const MAX_VALUE_DEPTH = 200
/** UTF-16 units of text that cost as much as a step. */
export const UNITS_PER_STEP = 256
