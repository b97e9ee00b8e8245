import { describe, expect, test } from 'vitest'
import { parseHost } from '../../config/host.ts'

describe('OLLAMA_HOST says where to listen', () => {
  test.each([
    ['', '127.0.0.1', 11434],
    ['1.2.3.4', '1.2.3.4', 11434],
    ['1.2.3.4:1234', '1.2.3.4', 1234],
    [':1234', '::', 1234],
    ['example.com', 'example.com', 11434],
    ['example.com:1234', 'example.com', 1234],
    ['localhost:0', 'localhost', 0],
    ['http://1.2.3.4', '1.2.3.4', 80],
    ['http://1.2.3.4:4321', '1.2.3.4', 4321],
    ['https://1.2.3.4', '1.2.3.4', 443],
    ['https://example.com:1234/path/more', 'example.com', 1234],
    ['http://example.com/path', 'example.com', 80],
    ['tcp://1.2.3.4', '1.2.3.4', 11434],
    ['ollama.com', 'ollama.com', 443],
    ['http://ollama.com', 'ollama.com', 80],
    ['::1', '::1', 11434],
    ['[::1]', '::1', 11434],
    ['[::1]:1337', '::1', 1337],
    ['[::]:1337', '::', 1337],
    ['::', '::', 11434],
    ['fe80::1:2', 'fe80::1:2', 11434],
    ['0.0.0.0', '0.0.0.0', 11434],
  ])('%j', (text, host, port) => {
    expect(parseHost(text)).toEqual({ host, port })
  })
})

describe('a port that is none becomes the default one, with a warning', () => {
  test.each([
    [':66000', '::', 11434, 'invalid port "66000", using 11434'],
    [':-1', '::', 11434, 'invalid port "-1", using 11434'],
    ['1.2.3.4:', '1.2.3.4', 11434, 'invalid port "", using 11434'],
    ['1.2.3.4:web', '1.2.3.4', 11434, 'invalid port "web", using 11434'],
    ['http://h:1e3', 'h', 80, 'invalid port "1e3", using 80'],
  ])('%j', (text, host, port, warning) => {
    expect(parseHost(text)).toEqual({ host, port, warning })
  })
})
