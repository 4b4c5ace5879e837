import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import { type ConversionResult, convert } from '../../../src/datasets/conversion.js'
import { type UploadForm, validateForm } from '../../../src/datasets/form.js'
import { ExampleSchema } from '../../../src/datasets/images/tfrecord/example_pb.js'
import { defaultLimits } from '../../../src/datasets/limits.js'
import { maskedCrc } from '../../../src/formats/tfrecord.js'

export function record(data: Uint8Array): Buffer {
  const header = Buffer.alloc(12)
  header.writeBigUInt64LE(BigInt(data.length))
  header.writeUInt32LE(maskedCrc(header.subarray(0, 8)), 8)
  const footer = Buffer.alloc(4)
  footer.writeUInt32LE(maskedCrc(data))
  return Buffer.concat([header, data, footer])
}

export const int64 = (...value: number[]) => ({
  kind: { case: 'int64List' as const, value: { value: value.map(BigInt) } },
})
export const float = (...value: number[]) => ({
  kind: { case: 'floatList' as const, value: { value } },
})
export const bytes = (...value: Uint8Array[]) => ({
  kind: { case: 'bytesList' as const, value: { value } },
})

type AnyFeature = ReturnType<typeof int64> | ReturnType<typeof bytes> | ReturnType<typeof float>

/** A tf.train.Example as a record of a TFRecord file. */
export function example(feature: Record<string, AnyFeature>) {
  return record(toBinary(ExampleSchema, create(ExampleSchema, { features: { feature } })))
}

type ImagesResult = ConversionResult & { kind: 'images' }

/** Converts one TFRecord file in this process, which is quicker than an upload. Rejects if it is refused. */
export async function convertRecords(
  root: string,
  content: Uint8Array,
  form: UploadForm = {},
): Promise<ImagesResult & { folder: string }> {
  const folder = await mkdtemp(join(root, 'set-'))
  const path = join(folder, 'upload')
  await writeFile(path, content)
  const files = [{ name: 'a', path }]
  const result = await convert({
    files,
    form: validateForm(form),
    folder,
    scratch: folder,
    limits: defaultLimits,
  })
  if (result.kind !== 'images') throw new Error('the file is a table')
  return { ...result, folder }
}
