import { readFileSync } from 'node:fs'
import koffi from 'koffi'

// Linux's <sys/socket.h>, <linux/sockios.h> and <linux/if.h>
const [AF_INET, SOCK_DGRAM, SIOCGIFFLAGS, SIOCSIFFLAGS] = [2, 2, 0x8913, 0x8914]
const interfaceUp = 1
/** `struct ifreq`: the name in 16 bytes, then what is asked for; the flags are two bytes. */
const requestBytes = 40
const flagsAt = 16

/** Whether this process is in a network from which no other machine, and no other program of this one, is reached. */
export const hasOwnNetwork = (): boolean =>
  readFileSync('/proc/self/net/dev', 'utf8')
    .split('\n')
    .filter(line => line.includes(':'))
    .every(line => line.trim().startsWith('lo:'))

/** Brings up the interface `lo` of a new network, in which it is down. Needs the rights of the network's creator. */
export function bringUpLoopback(): void {
  const libc = koffi.load(null)
  const socket = libc.func('int socket(int, int, int)') as (...args: number[]) => number
  const ioctl = libc.func('int ioctl(int, unsigned long, void *)')
  const close = libc.func('int close(int)')
  const file = socket(AF_INET, SOCK_DGRAM, 0)
  const request = Buffer.alloc(requestBytes)
  request.write('lo')
  try {
    if (file < 0 || ioctl(file, SIOCGIFFLAGS, request) !== 0) throw failed()
    const flags = request.readUInt16LE(flagsAt)
    if (flags & interfaceUp) return
    request.writeUInt16LE(flags | interfaceUp, flagsAt)
    if (ioctl(file, SIOCSIFFLAGS, request) !== 0) throw failed()
  } finally {
    if (file >= 0) close(file)
  }
}

const failed = () => new Error('the loopback interface of the network cannot be brought up')
