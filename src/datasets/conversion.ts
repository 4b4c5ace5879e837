import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Notes } from '../spec/notes.js'
import type { ReportProgress } from './conversion-input.js'
import { detectFormat, type FileFormat } from './detect.js'
import { divideUpload } from './divide-upload.js'
import { fileError, refuseFields } from './errors.js'
import { checkFieldsApply, type ValidatedForm } from './form-fields.js'
import type { ImageForm } from './images/image-form.js'
import { InputFile } from './input-file.js'
import type { ConversionResult, Convert, KindConverter, UnsortedInput } from './kind-converter.js'
import type { DatasetLimits } from './limits.js'
import { ProblemList } from './problem-list.js'
import type { SourceFile } from './source-file.js'
import type { TableForm } from './tables/table-form.js'
import { inflateZstdFiles } from './zstd/inflate-zstd.js'

export type { ConversionResult } from './kind-converter.js'

export interface ConversionTask {
  files: SourceFile[]
  form: ValidatedForm
  /** The folder that gets `shards/`. */
  folder: string
  /** A folder for temporary files, which the caller removes. */
  scratch: string
  limits: DatasetLimits
}

/** Loads what one format needs, which the others do not. */
type Converter =
  | { kind: 'images'; load: () => Promise<Convert<ImageForm>> }
  | { kind: 'table'; load: () => Promise<Convert<TableForm>> }
  | {
      kind: 'images or table'
      load: () => Promise<(input: UnsortedInput) => Promise<KindConverter> | KindConverter>
    }

/** Images as files, and archives of images or of any other files. */
const openFiles = async (input: UnsortedInput): Promise<KindConverter> => {
  const { openFileTree } = await import('./archives/file-tree.js')
  const tree = await openFileTree(input.files, input.scratch, input.limits)
  if (tree.kind === 'images') {
    const { convertImageStream } = await import('./images/image-intake.js')
    return {
      kind: 'images',
      convert(each) {
        const stream = tree.openImages(each.form.labels, error => each.problems.add(error))
        return convertImageStream(each, stream)
      },
    }
  }
  const files = inflateZstdFiles(tree.files, join(input.scratch, 'entry-inflated'), input.limits)
  const inner = await openConverter({ ...input, files }, true)
  const finish = (result: ConversionResult) => {
    for (const file of files) file.close()
    const notes = new Notes()
    tree.addNotes(notes)
    return { ...result, notes: [...notes.all, ...(result.notes ?? [])] }
  }
  return inner.kind === 'table'
    ? { kind: 'table', convert: async each => finish(await inner.convert({ ...each, files })) }
    : { kind: 'images', convert: async each => finish(await inner.convert({ ...each, files })) }
}

const converters: Readonly<Record<FileFormat, Converter>> = {
  TFRecord: {
    kind: 'images',
    load: async () => {
      const { openTfrecords } = await import('./images/tfrecord/tfrecord-source.js')
      const { convertImages } = await import('./images/image-conversion.js')
      return input => convertImages(input, openTfrecords)
    },
  },
  IDX: {
    kind: 'images',
    load: async () => {
      const { openIdx } = await import('./images/idx.js')
      const { convertImages } = await import('./images/image-conversion.js')
      return input => convertImages(input, openIdx)
    },
  },
  CIFAR: {
    kind: 'images',
    load: async () => {
      const { readCifar } = await import('./images/cifar.js')
      const { convertImageStream } = await import('./images/image-intake.js')
      return input => convertImageStream(input, readCifar(input))
    },
  },
  NumPy: {
    kind: 'images or table',
    load: async () => (await import('./arrays/open-arrays.js')).openArrays,
  },
  CSV: {
    kind: 'table',
    load: async () => (await import('./tables/table-conversion.js')).convertTable,
  },
  Arrow: {
    kind: 'table',
    load: async () => {
      const { openArrow } = await import('./tables/arrow/arrow-source.js')
      const { convertColumns } = await import('./tables/column-conversion.js')
      return input => convertColumns(input, openArrow(input.files, input.limits))
    },
  },
  JSON: {
    kind: 'table',
    load: async () => {
      const { openJson } = await import('./tables/json/json-source.js')
      const { convertColumns } = await import('./tables/column-conversion.js')
      return input =>
        convertColumns(input, openJson(input.files, input.form, input.limits, input.problems), {
          spools: true,
        })
    },
  },
  Excel: {
    kind: 'table',
    load: async () => (await import('./workbooks/xlsx-conversion.js')).convertWorkbooks,
  },
  Files: { kind: 'images or table', load: async () => openFiles },
  Parquet: {
    kind: 'table',
    load: async () => {
      const { openParquet } = await import('./tables/parquet/parquet-source.js')
      const { PageKernel } = await import('./tables/parquet/page-kernel.js')
      const { convertColumns } = await import('./tables/column-conversion.js')
      return input => {
        const source = openParquet(input.files, input.form, input.limits, new PageKernel())
        return convertColumns(input, source, { spools: !source.isQuick })
      }
    },
  },
}

/** Checks all records before it writes anything. It reads files synchronously, since it runs in a process of its own. */
export async function convert(
  { files, form, folder, scratch, limits }: ConversionTask,
  report: ReportProgress = () => {},
): Promise<ConversionResult> {
  const inputs: InputFile[] = []
  try {
    for (const { name, path, clientPath, identity } of files) {
      inputs.push(new InputFile(name, path, clientPath ?? name, identity ?? null))
    }
    const inflated = inflateZstdFiles(inputs, join(scratch, 'inflated'), limits)
    inputs.push(...inflated)
    // an upload that is to be divided is complete before
    const whole = form.splits ? join(scratch, 'whole') : folder
    if (form.splits) mkdirSync(whole)
    const input = { files: inflated, folder: whole, scratch, limits, report }
    const converter = await openConverter({ ...input, form })
    checkFieldsApply(form.fieldNames, converter.kind)
    const problems = new ProblemList(form.onError, converter.kind === 'table' ? 'rows' : 'images')
    const result =
      converter.kind === 'table'
        ? await converter.convert({ ...input, problems, form: form.table })
        : await converter.convert({ ...input, problems, form: form.images })
    for (const file of inputs) file.assertUnchanged()
    const content = withSkipped(result, problems)
    if (!form.splits) return content
    return await divideUpload(content, form.splits, { folder: whole, limits, report }, folder)
  } finally {
    for (const input of inputs) input.close()
  }
}

/** `isNested`: the files were in an archive. */
async function openConverter(input: UnsortedInput, isNested = false): Promise<KindConverter> {
  const { files, limits } = input
  const format = detectFormat(files)
  const [{ name }] = files as [InputFile, ...InputFile[]]
  if (format === 'Files' && isNested) {
    const detail = 'an archive or image within a compressed file is not unpacked: send it by itself'
    throw fileError('DATASET_FORMAT', { file: name }, detail)
  }
  if (format !== 'Files' && files.length > limits.dataFiles) {
    const detail = `the upload has ${files.length} files that are no images, expected at most ${limits.dataFiles}`
    throw fileError('DATASET_TOO_LARGE', { file: name }, detail)
  }
  if (format !== 'Files' && format !== 'Excel') {
    const refused = input.form.fieldNames.filter(field => field === 'sheet')
    refuseFields(refused, 'these files, which are no Excel workbooks')
  }
  const converter = converters[format]
  switch (converter.kind) {
    case 'images':
      return { kind: converter.kind, convert: await converter.load() }
    case 'table':
      return { kind: converter.kind, convert: await converter.load() }
    case 'images or table':
      return (await converter.load())(input)
  }
}

/** Adds what was left out to the manifest. */
function withSkipped<Result extends ConversionResult>(
  result: Result,
  problems: ProblemList,
): Result {
  problems.check(result.records + problems.skipped)
  const skipped = problems.result()
  if (!skipped) return result
  const notes = new Notes()
  problems.addNotes(notes)
  return { ...result, skipped, notes: [...notes.all, ...(result.notes ?? [])] }
}
