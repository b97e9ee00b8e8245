import { hostname, networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import { isLoopback, trustedHost } from '../../../src/plugins/trusted-host.ts'

describe('a server on one of these can only be reached from this machine', () => {
  test.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.168.1.5', false],
    ['localhost.evil.example', false],
    ['', false],
  ])('%j: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected)
  })
})

describe('a Host header that names an address nearby is trusted', () => {
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  test.each([
    '127.0.0.1:11434',
    '192.168.1.5:11434',
    '10.1.2.3',
    '172.31.255.1',
    '0.0.0.0:80',
    '[::1]:11434',
    '[::1]',
    '::1',
    '[::]:11434',
    '[fd00::1]:11434',
    ...own.map(({ address }) => (address.includes(':') ? `[${address}]:1` : `${address}:1`)),
  ])('%s', (header) => {
    expect(trustedHost(header)).toBe('address')
  })
})

describe('a Host header with a name that nobody else can own is trusted', () => {
  test.each([
    '',
    'localhost',
    'LocalHost:11434',
    'foo.local',
    'a.b.localhost:1',
    'x.internal',
    `${hostname()}:1`,
  ])('%j', (header) => {
    expect(trustedHost(header)).toBe('name')
  })
})

describe('any other is not', () => {
  test.each([
    'evil.example',
    'evil.example:11434',
    'localhost.evil.example',
    'evillocalhost',
    'local',
    '8.8.8.8',
    '172.32.0.1',
    '[2001:db8::1]:11434',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    '127.0.0.1:1:2',
  ])('%s', (header) => {
    expect(trustedHost(header)).toBeUndefined()
  })
})
