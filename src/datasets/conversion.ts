import { Notes } from '../spec/notes.js'
import type { ReportProgress } from './conversion-input.js'
import { detectFormat, type FileFormat } from './detect.js'
import { checkFieldsApply, type ValidatedForm } from './form-fields.js'
import type { ImageForm } from './images/image-form.js'
import { InputFile } from './input-file.js'
import type { ConversionResult, Convert, KindConverter, UnsortedInput } from './kind-converter.js'
import type { DatasetLimits } from './limits.js'
import { ProblemList } from './problem-list.js'
import type { SourceFile } from './source-file.js'
import type { TableForm } from './tables/table-form.js'

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
      return input => convertColumns(input, openJson(input.files, input.form, input.limits))
    },
  },
  Parquet: {
    kind: 'table',
    load: async () => {
      const { openParquet } = await import('./tables/parquet/parquet-source.js')
      const { convertColumns } = await import('./tables/column-conversion.js')
      return input => convertColumns(input, openParquet(input.files, input.limits))
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
    for (const { name, path, identity } of files)
      inputs.push(new InputFile(name, path, name, identity ?? null))
    const input = { files: inputs, folder, scratch, limits, report }
    const converter = await openConverter({ ...input, form })
    checkFieldsApply(form.fieldNames, converter.kind)
    const problems = new ProblemList(form.onError, converter.kind === 'table' ? 'rows' : 'images')
    const result =
      converter.kind === 'table'
        ? await converter.convert({ ...input, problems, form: form.table })
        : await converter.convert({ ...input, problems, form: form.images })
    for (const file of inputs) file.assertUnchanged()
    return withSkipped(result, problems)
  } finally {
    for (const input of inputs) input.close()
  }
}

async function openConverter(input: UnsortedInput): Promise<KindConverter> {
  const converter = converters[detectFormat(input.files)]
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
