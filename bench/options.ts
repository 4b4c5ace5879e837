import { BenchError } from './failure.js'

/** What a list of names stands for; each name may stand for several. */
export function parseNames<T>(
  option: string,
  list: string,
  lookUp: (name: string) => readonly T[],
  known: readonly string[],
): readonly T[] {
  return list.split(',').flatMap(name => {
    const found = lookUp(name)
    if (found.length > 0) return found
    throw new BenchError(`--${option}: there is no '${name}'; there are ${known.join(', ')}`)
  })
}

export function parseCount(option: string, text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number > 0) return number
  throw new BenchError(`--${option} is '${text}', expected a whole number above 0`)
}
