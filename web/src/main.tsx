import './trusted_types.ts';
import './theme.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Root } from './app/root.tsx';
import { ApiFailure } from './lib/api/client.ts';
import { loadNetwork } from './map/network_store.ts';

// the longest way first: the network and the map's code set out before React does
if (!location.hash.startsWith('#signin=')) void loadNetwork();
void import('./map/map_engine.ts');

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => count < 2 && error instanceof ApiFailure && error.canRetry,
    },
  },
});

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <Root />
    </QueryClientProvider>
  </StrictMode>,
);
