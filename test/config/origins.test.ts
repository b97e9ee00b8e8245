import { describe, expect, test } from 'vitest'
import { parseOrigins } from '../../config/origins.ts'

describe('pages on this machine and desktop applications are always allowed', () => {
  test.each([
    'http://localhost',
    'https://localhost',
    'http://localhost:3000',
    'https://127.0.0.1:5173',
    'http://0.0.0.0:1',
    'app://obsidian.md',
    'file://',
    'tauri://localhost',
    'vscode-webview://abc',
    'vscode-file://vscode-app',
  ])('%s', (origin) => {
    expect(parseOrigins('').allows(origin)).toBe(true)
  })
})

describe('other pages are not, however local they look', () => {
  test.each([
    'http://evil.example',
    'http://localhost.evil.example',
    'http://localhost.evil.example:3000',
    'http://evil.example/http://localhost:3000',
    'http://10.0.0.1',
    'chrome-extension://abc',
    'ftp://localhost',
    'null',
    '',
  ])('%j', (origin) => {
    expect(parseOrigins('').allows(origin)).toBe(false)
  })
})

describe('OLLAMA_ORIGINS adds to them', () => {
  test.each([
    ['http://10.0.0.1', 'http://10.0.0.1', true],
    ['http://10.0.0.1', 'http://10.0.0.2', false],
    ['http://10.0.0.1', 'http://10.0.0.1:80', false],
    [' http://a.example , https://b.example,', 'https://b.example', true],
    ['http://A.Example', 'http://a.example', true],
    ['chrome-extension://*', 'chrome-extension://abc', true],
    ['chrome-extension://abc', 'chrome-extension://abcd', false],
    ['http://*.example.com', 'http://a.b.example.com', true],
    ['http://*.example.com', 'http://example.com', false],
    ['http://*.example.com', 'http://a.example.com.evil', false],
    ['*.example.com', 'gopher://a.example.com', true],
    ['http://aba*ba', 'http://aba', false],
    ['*', 'http://evil.example', true],
    ['http://a.example', 'http://localhost:1', true],
  ])('%j and %j: %s', (entries, origin, allowed) => {
    expect(parseOrigins(entries).allows(origin)).toBe(allowed)
  })

  test.each([
    ['*', true],
    ['http://a.example,*', true],
    ['http://*', false],
    ['', false],
  ])('%j allows any origin: %s', (entries, any) => {
    expect(parseOrigins(entries).any).toBe(any)
  })
})

describe('an entry that makes no sense is refused', () => {
  test.each([
    ['example.com', 'origin "example.com" must contain a * or begin with one of http://'],
    ['http://ok.example,10.0.0.1:80', 'origin "10.0.0.1:80" must contain'],
    ['http://*.example.*', 'origin "http://*.example.*" has more than one *'],
    ['**', 'origin "**" has more than one *'],
  ])('%j', (entries, message) => {
    expect(() => parseOrigins(entries)).toThrow(message)
  })
})
