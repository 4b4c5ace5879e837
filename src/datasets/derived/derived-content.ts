import type { DatasetManifest, ImagesManifest, TableManifest } from '../../spec/dataset.js'

/** Distributes over the kinds. */
type Content<M> = M extends DatasetManifest ? Omit<M, 'name' | 'createdAt' | 'derivedFrom'> : never

/** A file of the source that the derived data set has, too. Both are relative to the folders of the data sets. */
export interface SharedFile {
  from: string
  to: string
}

/** What a derivation makes beside the files that it writes. */
export interface Derived<M extends DatasetManifest> {
  content: Content<M>
  /** Files of the source that did not change, in place of files that are written. */
  shared: SharedFile[]
}

export type DerivedImages = Derived<ImagesManifest>
export type DerivedTable = Derived<TableManifest>
