export { parseNumbers } from './numbers'
export { addText, createTextTable, encodeTexts, textTableBytes } from './texts'
export { tokenise } from './tokenise'
