"""The families of facts, one module each, found by looking (`abi.families`)."""
