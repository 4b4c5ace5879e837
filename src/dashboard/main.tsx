import { render } from 'preact'
import { Shell } from './shell/shell.js'

render(<Shell />, document.getElementById('app')!)
