/** Length of the longest end of `text` that a tag could begin with: as much must be held back. Never the whole tag. */
export function heldBack(text: string, tag: string): number {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(tag.slice(0, length))) return length
  }
  return 0
}
