import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { interruptible, onPath } from './child.mjs'
import { cacheFolder } from './engine.mjs'
import { SetupError } from './failure.mjs'
import { release, withLock } from './lock.mjs'
import { installed } from './places.mjs'
import { say } from './progress.mjs'
import { browserTool, cure, installTools, isUbuntu, mayInstall } from './tools.mjs'

const names = ['chromium', 'google-chrome', 'google-chrome-stable', 'chromium-browser', 'chrome']
const macApplications = ['Google Chrome', 'Chromium'].map(
  name => `/Applications/${name}.app/Contents/MacOS/${name}`,
)

/**
 * Finds Chrome or Chromium for the tests that open pages, or installs it, and tells this checkout where it is.
 * Without one, those tests are skipped: a user of the server needs no browser.
 */
export async function setUpBrowser() {
  const found = await findOrInstall()
  if (found.missing) say(`the tests in a browser are skipped: ${found.missing}`)
  mkdirSync(installed(), { recursive: true })
  writeFileSync(installed('browser.json'), JSON.stringify(found))
}

/** Its `path`, or what is `missing`. */
export async function findOrInstall(isRoot = process.getuid() === 0) {
  const path = findBrowser()
  if (path) return { path }
  // on Ubuntu the package is a snap, which does not run in containers
  if (mayInstall(isRoot) && !isUbuntu()) return { path: await installBrowser() }
  const install = cure([browserTool], isRoot)
  return {
    missing: `${browserTool.name} is not installed; ${install}, or set CHROME_PATH to its program`,
  }
}

async function installBrowser() {
  const lock = join(cacheFolder(), 'setup.lock')
  await interruptible(
    () => release(lock),
    () =>
      withLock(lock, async () => {
        // another set-up may have done it while this one waited for the lock
        if (!findBrowser()) await installTools([browserTool])
      }),
  )
  const path = findBrowser()
  if (!path) throw new SetupError(`still missing: ${browserTool.name}`)
  return path
}

/** Not a setting TRAINYARD_...: the servers that tests start refuse settings that they do not know. */
function findBrowser() {
  const chosen = process.env.CHROME_PATH
  if (chosen) {
    if (isProgram(chosen)) return chosen
    throw new SetupError(
      `CHROME_PATH is ${chosen}, which is not a program`,
      'set it to the program of a Chrome or Chromium, or unset it',
    )
  }
  return names.map(onPath).find(Boolean) ?? macApplications.find(isProgram)
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
