# The same major version of Node that the tests run on. Debian, because the native libraries need glibc.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY formats formats
COPY config config
COPY engine engine
COPY routes routes
COPY src src
RUN npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY models/snug-tiny.gguf models/snug-tiny.gguf
COPY docker/healthcheck.mjs docker/healthcheck.mjs
# The folder exists before the volume does, so that the volume belongs to the user of the server.
RUN mkdir /models && chown node:node /models
VOLUME /models
ENV OLLAMA_HOST=0.0.0.0:11434 OLLAMA_MODELS=/models
EXPOSE 11434
USER node
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s CMD node docker/healthcheck.mjs "$OLLAMA_HOST"
ENTRYPOINT ["node", "/app/dist/src/main.js"]
CMD ["serve"]
