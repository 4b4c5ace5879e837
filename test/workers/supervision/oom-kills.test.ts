import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { tempFolder } from '../../../testing/temp-folder.js'
import { countOomKills } from '../../../workers/supervision/oom-kills.js'

const events = 'low 0\nhigh 0\nmax 7\noom 2\noom_kill 2\noom_group_kill 0\n'
const control = 'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n'
const vmstat = 'pgfault 12\noom_kill 9\ndrop_pagecache 0\n'

const cases: { name: string; files: Record<string, string>; count: number | null }[] = [
  {
    name: 'control groups v2',
    files: {
      'proc/self/cgroup': '0::/system.slice/trainyard.service\n',
      'sys/fs/cgroup/system.slice/trainyard.service/memory.events': events,
      'proc/vmstat': vmstat,
    },
    count: 2,
  },
  {
    name: 'control groups v2 in a container that shows the path of the host',
    files: {
      'proc/self/cgroup': '0::/docker/0123abcd\n',
      'sys/fs/cgroup/memory.events': events,
      'proc/vmstat': vmstat,
    },
    count: 2,
  },
  {
    name: 'control groups v1, beside an empty v2',
    files: {
      'proc/self/cgroup': '8:pids:/\n4:cpu,memory:/jobs/7\n0::/\n',
      'sys/fs/cgroup/memory/jobs/7/memory.oom_control': control,
      'proc/vmstat': vmstat,
    },
    count: 3,
  },
  {
    name: 'no control group: the whole machine counts',
    files: { 'proc/self/cgroup': '0::/\n', 'proc/vmstat': vmstat },
    count: 9,
  },
  { name: 'no /proc', files: {}, count: null },
]

for (const { name, files, count } of cases) {
  test(`kills for lack of memory are counted: ${name}`, async t => {
    const root = await tempFolder(t)
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), text)
    }
    assert.equal(countOomKills(root), count)
  })
}

test('this machine counts its kills for lack of memory', () => {
  const count = countOomKills()
  if (process.platform === 'linux') assert.ok(count !== null && count >= 0, String(count))
  else assert.equal(count, null)
})
