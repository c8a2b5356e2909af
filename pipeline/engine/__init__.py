"""The one mechanism under every stage: fingerprints, ledger, pools, the memoised map."""
