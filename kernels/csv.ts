export { parseNumbers } from './numbers'
export { addText, createTextTable, encodeTexts } from './texts'
export { tokenise } from './tokenise'
