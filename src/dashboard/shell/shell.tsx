import { useEffect } from 'preact/hooks'
import { place } from '../place.js'
import { changesState } from '../server/changes.js'
import { useResource } from '../server/resource.js'
import { readSession, serverUrl, session, signOut } from '../server/session.js'
import { Button, LinkButton } from '../ui/button.js'
import { theme } from '../ui/colours.js'
import { Confirmation } from '../ui/dialog.js'
import { Icon, type IconName } from '../ui/icon.js'
import { Loading } from '../ui/load.js'
import { ProblemNote } from '../ui/problem.js'
import { Toasts } from '../ui/toast.js'
import { findView, sections } from '../views.js'
import { CurrentView } from './current-view.js'
import { Logo } from './logo.js'
import { Shortcuts } from './shortcuts.js'
import { SignIn } from './sign-in.js'

/** The whole page: who is signed in sees the navigation and the view of the present place. */
export function Shell() {
  return (
    <>
      {session.value === undefined ? <Start /> : session.value ? <SignedIn /> : <SignIn />}
      <Confirmation />
      <Toasts />
    </>
  )
}

function Start() {
  const start = useResource(readSession, [])
  useEffect(() => start.reload(), [])
  return (
    <main class="sign-in">
      {start.error === undefined ? (
        <Loading label="the page" />
      ) : (
        <ProblemNote error={start.error} onRetry={start.reload} />
      )}
    </main>
  )
}

const icons: Record<string, IconName> = {
  '/jobs': 'jobs',
  '/datasets': 'database',
  '/models': 'model',
  '/server': 'server',
}

function SignedIn() {
  const current = findView(place.value.path)?.route.section
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to the content
      </button>
      <header class="side">
        <a class="brand" href="#/jobs">
          <Logo />
          Trainyard
        </a>
        <nav aria-label="Main">
          {sections.map(({ path, title }) => (
            <a key={path} href={`#${path}`} aria-current={path === current ? 'page' : undefined}>
              <Icon name={icons[path]!} />
              {title}
            </a>
          ))}
        </nav>
        <div class="side-foot">
          <p class={`connection ${changesState.value}`} role="status">
            {changesState.value === 'lost' ? 'Not connected. Trying again …' : ''}
          </p>
          <LinkButton kind="quiet" icon="book" label="Guide" href={`${serverUrl}/docs/guide/`} />
          <ThemeButton />
          <Shortcuts />
          <Button kind="quiet" icon="signOut" label="Sign out" onClick={signOut} />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <CurrentView />
      </main>
    </div>
  )
}

function ThemeButton() {
  const isDark =
    theme.value === 'dark' ||
    (theme.value === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches)
  return (
    <Button
      kind="quiet"
      icon={isDark ? 'sun' : 'moon'}
      label={isDark ? 'Light colours' : 'Dark colours'}
      onClick={() => {
        theme.value = isDark ? 'light' : 'dark'
      }}
    />
  )
}
