import { type Static, Type } from 'typebox'

/** A lower-case ULID after a prefix, so ids sort by time of creation. */
const jobId = /^job-[0-9a-z]{26}$/
export const JobId = Type.String({ pattern: jobId.source })
export const isJobId = (text: string) => jobId.test(text)

/** The first 64 bits of the SHA-256 of the content, so equal uploads are one data set. */
const datasetId = /^ds-[0-9a-f]{16}$/
export const DatasetId = Type.String({ pattern: datasetId.source })
export const isDatasetId = (text: string) => datasetId.test(text)

/** The name of a data set, job or model. It is used as a folder name and in URLs. */
export const Name = Type.String({
  pattern: '^[a-z0-9][a-z0-9._-]{0,62}$',
  description: 'lower-case letters, digits, dot, dash and underscore; at most 63 characters',
})
export type Name = Static<typeof Name>

export const Timestamp = Type.String({ format: 'date-time' })
