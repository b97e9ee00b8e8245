/** The digits of a number that is not negative, and how many of them stand behind the point. */
export function decimal(value: number): { digits: string; decimals: number } {
  const [mantissa = '0', exponent = '0'] = String(value).split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  const decimals = fraction.length - Number(exponent)
  const digits = (whole + fraction).padEnd(decimals < 0 ? whole.length + fraction.length - decimals : 0, '0')
  return { digits, decimals: Math.max(decimals, 0) }
}
