import assert from 'node:assert/strict'
import { test } from 'node:test'
import { returnUnusedMemory } from '../../src/engine/unused-memory.js'

const megabytes = 2 ** 20

/** Blocks that are small enough for the allocator to keep them when they are freed; returns their number. */
const useBlocks = () => Array.from({ length: 1000 }, () => new Uint8Array(64 * 1024).fill(1)).length

test('memory that nothing refers to any more goes back to the system', {
  skip: process.platform !== 'linux' && 'only the allocator of Linux is told to',
}, async () => {
  const residentBefore = process.memoryUsage.rss()
  useBlocks()
  assert.ok(process.memoryUsage.rss() - residentBefore > 50 * megabytes)
  await returnUnusedMemory()
  assert.ok(process.memoryUsage.rss() - residentBefore < 15 * megabytes)
})
