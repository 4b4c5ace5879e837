/** The user made a mistake on the command line; entry points print its message without a stack. */
export class UsageError extends Error {}

/** Parses a whole number of at least `min`. */
export function parseCount(option: string, text: string, min = 1): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= min) return number
  throw new UsageError(`--${option} is '${text}', expected a whole number from ${min}`)
}

/** Looks up each name of a comma-separated list; one name may stand for several items. */
export function parseNames<T>(
  option: string,
  list: string,
  lookUp: (name: string) => readonly T[],
  known: readonly string[],
): readonly T[] {
  return list.split(',').flatMap(name => {
    const found = lookUp(name)
    if (found.length > 0) return found
    throw new UsageError(`--${option}: unknown name '${name}', expected ${known.join(', ')}`)
  })
}
