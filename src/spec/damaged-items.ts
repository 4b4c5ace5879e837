import { Type } from 'typebox'
import { maxDamagedItems } from './damage.js'

/** The schema of `DamagedItem` in answers. */
export const DamagedItemSchema = Type.Object({
  id: Type.String(),
  file: Type.String({ description: 'the damaged file, relative to the data folder' }),
  reason: Type.String({ description: 'what is wrong with the file' }),
})

export const DamagedItems = Type.Array(DamagedItemSchema, {
  description: `what cannot be read because a file is damaged, whatever the filter and the page; at most ${maxDamagedItems}. It can be deleted.`,
})
