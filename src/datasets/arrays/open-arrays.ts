import type { KindConverter, UnsortedInput } from '../kind-converter.js'
import { openArrayFiles } from './array-files.js'
import { areImages, readArrayImages } from './array-images.js'
import { sortArrays } from './array-roles.js'

/** NumPy's arrays are images if their shape or the form says so, else a table. */
export async function openArrays({
  files,
  scratch,
  limits,
  form,
}: UnsortedInput): Promise<KindConverter> {
  const arrays = await openArrayFiles(files, scratch, limits)
  const sorted = sortArrays(arrays, form.images.features)
  const closing = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work()
    } finally {
      for (const array of arrays) array.close()
    }
  }
  if (areImages(sorted, form.images)) {
    const { convertImageStream } = await import('../images/image-intake.js')
    return {
      kind: 'images',
      convert: input => closing(() => convertImageStream(input, readArrayImages(sorted, input))),
    }
  }
  const { convertArrayTable } = await import('./array-table.js')
  return { kind: 'table', convert: input => closing(() => convertArrayTable(input, sorted)) }
}
