/** Pieces that tools print, one at a time: a value that makes no sense is unknown, and spoils no other. */

const MIB = 2 ** 20
/** More than any machine has: 64 TiB. A larger figure is a mistake or a "no limit". */
export const MAX_BYTES = 2 ** 46

/** A whole number of decimal digits; undefined for `[N/A]`, signs, fractions and everything else. */
export function wholeNumber(text: string | undefined): number | undefined {
  const trimmed = text?.trim()
  if (trimmed === undefined || !/^\d{1,20}$/.test(trimmed)) return undefined
  return Number(trimmed)
}

/** Bytes from a number of units; undefined where no memory can be so large. */
export function byteCount(text: string | undefined, unit = 1): number | undefined {
  const count = wholeNumber(text)
  return count !== undefined && count * unit <= MAX_BYTES ? count * unit : undefined
}

export const mebibytes = (text: string | undefined): number | undefined => byteCount(text, MIB)
export const kibibytes = (text: string | undefined): number | undefined => byteCount(text, 1024)

const MAX_TEXT = 128

/** A short line fit to be shown to a person: no control characters, no `[N/A]` or `[Not Supported]`. */
export function plainText(text: string | undefined): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal.
  const clean = text?.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim() ?? ''
  return clean === '' || clean.length > MAX_TEXT || /^\[.*\]$|^N\/A$/i.test(clean) ? undefined : clean
}

/** Every kernel and driver writes PCI addresses a little differently: `00000000:01:00.0` is `0000:01:00.0`. */
export function pciAddress(text: string | undefined): string | undefined {
  const match = /^(?:([\da-f]{4,8}):)?([\da-f]{2}):([\da-f]{2})\.([0-7])$/i.exec(text?.trim() ?? '')
  if (match === null) return undefined
  const [, domain = '', bus, device, part] = match
  return `${domain.slice(-4).padStart(4, '0')}:${bus}:${device}.${part}`.toLowerCase()
}

/** `1002:744c` from two numbers as sysfs and Vulkan write them, `0x1002` and `0x744c`. */
export function pciId(vendor: string | undefined, product: string | undefined): string | undefined {
  const [one, other] = [vendor, product].map((part) => /^0x([\da-f]{4})$/i.exec(part?.trim() ?? '')?.[1])
  return one === undefined || other === undefined ? undefined : `${one}:${other}`.toLowerCase()
}

/** Only what is known: an object that may be spread into another without setting keys to undefined. */
export function known<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
