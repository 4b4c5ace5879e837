/** A bar of `width` characters, filled to the share. */
export function bar(share: number, width: number, isUnicode: boolean): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width)
  const [full, empty] = isUnicode ? ['█', '░'] : ['#', '.']
  return full!.repeat(filled) + empty!.repeat(width - filled)
}
