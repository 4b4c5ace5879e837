import { render } from 'preact'
import { place } from './place.js'
import { Shell } from './shell/shell.js'
import { findView } from './views.js'

// the code of the view comes while the server says who is signed in; if it does not come, the shell says so
findView(place.value.path)
  ?.route.load()
  .catch(() => {})

render(<Shell />, document.getElementById('app')!)
