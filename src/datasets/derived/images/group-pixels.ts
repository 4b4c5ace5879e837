import type { ImageSplit, ImagesManifest } from '../../../spec/dataset.js'
import type { ImagePipeline } from '../../images/intake/image-pipeline.js'
import { PixelStatistics } from '../../images/pixel-statistics.js'
import { decodeExample } from '../../images/tfrecord/example.js'
import type { ImageGroup } from './image-groups.js'

export type Moments = Pick<ImageSplit, 'mean' | 'std'>

/** Counts the pixels of the groups whose mean and deviation are not known, as training sees them. */
export class GroupPixels {
  private readonly statistics: (PixelStatistics | null)[]

  /** `scratch` is a folder for a temporary file. */
  static async open(
    manifest: ImagesManifest,
    groups: readonly ImageGroup[],
    scratch: string,
  ): Promise<GroupPixels> {
    const needsDecoder =
      manifest.encoding === 'encoded' && groups.some(({ moments }) => moments === null)
    if (!needsDecoder) return new GroupPixels(manifest, groups, null)
    // TensorFlow takes a second to load, which other derivations do not need
    const { ImagePipeline } = await import('../../images/intake/image-pipeline.js')
    const { height, width, channels, resize } = manifest
    const target = { height, width, channels, mode: resize?.mode ?? null }
    return new GroupPixels(manifest, groups, await ImagePipeline.open(target, scratch))
  }

  private constructor(
    manifest: ImagesManifest,
    private readonly groups: readonly ImageGroup[],
    private readonly pipeline: ImagePipeline | null,
  ) {
    this.statistics = groups.map(({ moments }) =>
      moments ? null : new PixelStatistics(manifest.channels),
    )
  }

  /** Whether the images of the group are to be added. */
  counts(group: number): boolean {
    return this.statistics[group] !== null
  }

  /** `data` is a record. */
  add(group: number, data: Buffer): void {
    const statistics = this.statistics[group]
    if (!statistics) return
    const { image } = decodeExample(data)
    if (!this.pipeline) {
      statistics.add(image)
      return
    }
    const { pixels } = this.pipeline.decodeOne({
      contents: image,
      facts: storedFile,
      encode: false,
    })
    statistics.add(pixels)
  }

  /** Of each group. Call it once, after all images. */
  moments(): Moments[] {
    this.pipeline?.close()
    return this.groups.map(({ moments }, group) => moments ?? this.statistics[group]!.moments())
  }
}

/** Stored images are PNG and JPEG that are upright. Files say their sizes themselves. */
const storedFile = { kind: 0, orientation: 1, height: 0, width: 0 } as const
