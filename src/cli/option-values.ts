import { InvalidArgumentError } from 'commander'

/** A whole number from 1. */
export function parseCount(text: string): number {
  const count = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(count) && count >= 1) return count
  throw new InvalidArgumentError('Expected a whole number from 1.')
}

export function parseWholeNumber(text: string): number {
  const number = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(number)) return number
  throw new InvalidArgumentError('Expected a whole number.')
}

/** A whole number from 0, as the text of a query. */
export function parseStep(text: string): string {
  if (/^\d{1,12}$/.test(text)) return text
  throw new InvalidArgumentError('Expected a step: a whole number from 0.')
}

/** The values of an option that may be given more than once. */
export const repeated = (value: string, before: string[] | undefined): string[] => [
  ...(before ?? []),
  value,
]

/** `name=value`; labels are written `name:value`, too, as the API does. */
export function parseLabels(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map(text => {
      const [, name, value] = /^([^=:]+)[=:](.*)$/s.exec(text) ?? []
      if (name === undefined) {
        throw new InvalidArgumentError(`'${text}' is no label; expected one such as team=vision`)
      }
      return [name, value!]
    }),
  )
}
