import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../src/config.js'
import {
  parsePlacement,
  parseRelay,
  placementEnvironment,
  relayEnvironment,
} from '../src/placement.js'

const place = { attempt: 3, rank: 1, world: 2, devices: 4, host: 'node-2', leader: 'node-1:2222' }

test('a trainer reads the place that its executor wrote', () => {
  assert.deepEqual(parsePlacement(placementEnvironment(place)), place)
  const apart = { ...place, leader: null }
  assert.deepEqual(parsePlacement(placementEnvironment(apart)), apart)
  assert.equal(parsePlacement({}), null)
})

test('a place is no setting, and no setting is refused because of it', () => {
  assert.ok(readConfig(placementEnvironment(place)))
})

test('a place that is not whole is refused with the variable', () => {
  const environment = placementEnvironment(place)
  assert.throws(
    () => parsePlacement({ ...environment, TRAINYARD_RANK: '2' }),
    /TRAINYARD_RANK is 2, but there are 2 ranks/,
  )
  assert.throws(
    () => parsePlacement({ ...environment, TRAINYARD_WORLD: '' }),
    /TRAINYARD_WORLD is '', expected a number from 1 on/,
  )
})

test('a relay knows whose rank it runs, or says what is missing', () => {
  const place = { job: 'job-1', worker: 'host-1-2', version: '1.2.3' }
  assert.deepEqual(parseRelay(relayEnvironment(place)), place)
  assert.throws(() => parseRelay({ TRAINYARD_JOB: 'job-1' }), /TRAINYARD_WORKER is missing/)
})
