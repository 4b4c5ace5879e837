import type { TSchema } from 'typebox'
import { ResourceColumns } from '../../spec/job-resources.js'

/** The names of parts of answers about the server, and about what jobs use of it. */
export const serverSchemas: Record<string, TSchema> = {
  ResourceColumns,
}
