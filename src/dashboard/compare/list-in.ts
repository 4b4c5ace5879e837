/** The entries of a parameter of the address that are separated by commas. */
export const listIn = (query: URLSearchParams, name: string): string[] =>
  (query.get(name) ?? '').split(',').filter(each => each !== '')
