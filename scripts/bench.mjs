import { setUpAndBecome } from './setup/become.mjs'
import { setUpBrowser } from './setup/browser.mjs'

// the dashboard is measured in a browser
await setUpAndBecome('bench/main.js', process.argv[2] === 'dashboard' ? [setUpBrowser] : [])
