/** Segments or chunks of an image file. Reading many takes long, and no encoder writes so many. */
export const maxParts = 32_768

export const tooManyParts = (format: string, parts: string): string =>
  `the ${format} has more than ${maxParts} ${parts}: save it again`
