/** Templates come from strangers: what one may take of the process that serves everybody. Real ones are a few KiB. */

/** UTF-16 units of a template. */
export const MAX_TEMPLATE_LENGTH = 256 * 1024
/** Blocks and parentheses inside each other, and links of a chain of `else if`. */
export const MAX_NESTING = 200
