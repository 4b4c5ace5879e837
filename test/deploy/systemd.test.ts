import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readConfig } from '../../src/config.js'

test('the systemd unit starts a program that exists, with settings that exist', () => {
  const unit = readFileSync('deploy/systemd/trainyard.service', 'utf8')
  const values = (name: string) =>
    [...unit.matchAll(new RegExp(`^#?${name}=(.*)$`, 'gm'))].map(([, value]) => value!)
  const [, program] = /^\/usr\/bin\/node (\S+)$/.exec(values('ExecStart')[0]!) ?? []
  assert.ok(existsSync(program!), `there is no ${program}`)
  const settings = values('Environment').flatMap(line => line.split(' '))
  const environment = Object.fromEntries(settings.map(each => each.split('=')))
  const { dataFolder, keyFile } = readConfig(environment)
  // what StateDirectory makes, the one place that the service may write
  assert.equal(dataFolder, `/var/lib/${values('StateDirectory')}`)
  assert.ok(keyFile?.endsWith(values('LoadCredential')[0]!.split(':')[0]!))
  assert.deepEqual(values('ProtectSystem'), ['strict'])
  const [documentation] = values('Documentation')
  const home = values('WorkingDirectory')[0]!
  assert.ok(existsSync(documentation!.replace(`file://${home}/`, '')), documentation)
})
