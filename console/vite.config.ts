import { defineConfig } from 'vite'

// Without plugins: what compiles JSX is Vite's own, and there are no classes of other frameworks to find.
export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // Of browsers of the last years: what they have need not be brought along.
    target: 'es2023',
    // No text becomes a script here (Trusted Types), and what is inlined would be refused.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // Chunks find one another by where they are: a proxy may serve all of this under a path of its own.
  experimental: { renderBuiltUrl: (_file, { hostType }) => (hostType === 'html' ? undefined : { relative: true }) },
})
