// Runs in the head, before anything is drawn, so that the page does not flash in the other colours.
import { applyTheme } from './colours.js'

applyTheme()
