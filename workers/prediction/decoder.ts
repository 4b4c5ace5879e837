import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { graphInput } from '../../src/datasets/images/encoded/graph-input.js'
import { ImageError } from '../../src/datasets/images/image-error.js'
import { loadNativeOps } from '../../src/engine/native-ops.js'
import { TrainyardError } from '../../src/errors.js'
import { withNativeResize } from '../../src/graph/native-resize-part.js'
import {
  contentKinds,
  factsLength,
  factValues,
  type ImageFacts,
} from '../../src/graph/ops/standard-image.js'
import { type SavedModel, SavedModelSchema } from '../../src/graph/proto/tensorflow_pb.js'
import { partOfSavedModel } from '../../src/graph/saved-model-part.js'
import { openSession, type Runtime, type Session } from '../../src/graph/session.js'
import type { ImageShape } from '../../src/spec/ipc-messages.js'

const signatures = ['decode', 'decode_files']

/** Pixels of files that are decoded at a time, so that they take some hundred MiB at most. */
const maxPixelsAtOnce = 32e6

interface Encoded {
  index: number
  contents: Uint8Array
  facts: ImageFacts
}

/** A file, and its position in its request, for messages. */
export interface ImageFile {
  contents: Uint8Array
  position: number
}

/** The pixels of an image file, as the network takes them; or why it has none. */
export type Decoded = Float32Array | Error

/** Decodes image files by the graph of a model, as the images of its data set were stored. */
export class Decoder {
  constructor(
    private readonly session: Session,
    private readonly image: ImageShape,
  ) {}

  /** Opens the part of the SavedModel in `folder` that decodes. */
  static async open(runtime: Runtime, folder: string, image: ImageShape): Promise<Decoder> {
    const model = fromBinary(SavedModelSchema, await readFile(join(folder, 'saved_model.pb')))
    const part = partOfSavedModel(model, signatures)
    const stock = new Decoder(await openPart(runtime, part), image)
    const faster = stock.turnsImages && loadNativeOps() ? withNativeResize(part) : null
    if (!faster) return stock
    const native = new Decoder(await openPart(runtime, faster), image)
    // a TensorFlow that was compiled to round in another way, or a graph of another version
    const [kept, other] = native.resizesAs(stock) ? [native, stock] : [stock, native]
    other.close()
    return kept
  }

  /** Whether pictures of noise get the same pixels when they are enlarged and made smaller. */
  resizesAs(other: Decoder): boolean {
    const [height, width, channels] = this.image
    const sizes = [
      [Math.ceil(height / 2), Math.ceil(width / 3)],
      [2 * height + 1, 3 * width + 2],
    ] as const
    return sizes.every(([h, w]) => {
      const facts = { kind: contentKinds.pixels, orientation: 1, height: h, width: w }
      const inputs = {
        file: noise(h * w * channels),
        facts: { data: factValues(facts), shape: [factsLength] },
      }
      const [own, others] = [this, other].map(each => each.run('decode', inputs, 'image'))
      return own!.every((value, i) => value === others![i])
    })
  }

  /**
   * Many files in one run of the graph: a run costs as much as a small image. They may be of several requests, since a
   * damaged file costs no other one its pixels.
   */
  decode(files: readonly ImageFile[]): Decoded[] {
    const decoded = new Array<Decoded>(files.length)
    const fail = (index: number, cause: unknown) => {
      decoded[index] = undecodable(files[index]!.position, cause)
    }
    // models of older versions take a file alone, and turn no images
    if (!this.turnsImages) {
      for (const [index, { contents: file }] of files.entries()) {
        this.attempt(() => this.run('decode', { file }, 'image'), index, decoded, fail)
      }
      return decoded
    }
    const encoded: Encoded[] = []
    for (const [index, { contents }] of files.entries()) {
      try {
        encoded.push({ index, ...graphInput(contents, this.image[2] as 1 | 3 | 4) })
      } catch (cause) {
        fail(index, cause)
      }
    }
    for (const group of groupsOf(encoded)) this.decodeGroup(group, decoded, fail)
    return decoded
  }

  /** Whether images are turned by their EXIF orientation; models of older versions turn none. */
  get turnsImages(): boolean {
    return this.session.hasInput('decode', 'facts')
  }

  close(): void {
    this.session.close()
  }

  private decodeGroup(
    group: readonly Encoded[],
    decoded: Decoded[],
    fail: (index: number, cause: unknown) => void,
  ): void {
    if (group.length > 1 && this.session.hasInput('decode_files', 'facts')) {
      try {
        const images = this.run('decode_files', manyInputs(group), 'images')
        const size = images.length / group.length
        for (const [i, { index }] of group.entries()) {
          decoded[index] = images.subarray(i * size, (i + 1) * size)
        }
        return
      } catch {
        // one of them is damaged: each shows for itself
      }
    }
    for (const { index, contents, facts } of group) {
      const inputs = { file: contents, facts: { data: factValues(facts), shape: [factsLength] } }
      this.attempt(() => this.run('decode', inputs, 'image'), index, decoded, fail)
    }
  }

  private attempt(
    decode: () => Float32Array,
    index: number,
    decoded: Decoded[],
    fail: (index: number, cause: unknown) => void,
  ): void {
    try {
      decoded[index] = decode()
    } catch (cause) {
      fail(index, cause)
    }
  }

  private run(signature: string, inputs: Parameters<Session['run']>[1], output: string) {
    return this.session.run(signature, inputs).floats(output)
  }
}

/** A session of its own, for which the SavedModel is a file for a moment. */
async function openPart(runtime: Runtime, part: SavedModel): Promise<Session> {
  const temporary = await mkdtemp(join(tmpdir(), 'trainyard-decoder-'))
  try {
    await writeFile(join(temporary, 'saved_model.pb'), toBinary(SavedModelSchema, part))
    return await openSession(runtime, temporary)
  } finally {
    await rm(temporary, { recursive: true })
  }
}

/** By a linear congruential generator, of which the upper bits are random enough. */
function noise(length: number): Uint8Array {
  let state = 1
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 24
  })
}

function manyInputs(group: readonly Encoded[]) {
  const facts = group.flatMap(each => factValues(each.facts))
  return {
    files: { data: group.map(({ contents }) => contents), shape: [group.length] },
    facts: { data: facts, shape: [group.length, factsLength] },
  }
}

function groupsOf(files: readonly Encoded[]): Encoded[][] {
  const groups: Encoded[][] = []
  let pixels = Number.POSITIVE_INFINITY
  for (const file of files) {
    const own = file.facts.height * file.facts.width
    if (pixels + own > maxPixelsAtOnce) {
      groups.push([])
      pixels = 0
    }
    groups.at(-1)!.push(file)
    pixels += own
  }
  return groups
}

export function undecodable(index: number, cause: unknown): TrainyardError {
  const reason = cause instanceof ImageError ? `: ${cause.message}` : ''
  const message = `image ${index} cannot be decoded: the file is damaged after its header${reason}`
  return new TrainyardError('UNDECODABLE_IMAGE', message, { cause })
}
