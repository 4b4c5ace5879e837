/** The nearest number to a decimal: 12345 with scale 2 is 123.45. */
export function decimalNumber(unscaled: bigint, scale: number): number {
  const number = Number(unscaled)
  // one rounded operation on two exact numbers
  if (Number.isSafeInteger(number) && scale <= 22) return number / 10 ** scale
  return Number(`${unscaled}e-${scale}`)
}
