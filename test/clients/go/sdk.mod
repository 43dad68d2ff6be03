module hyperspeed.local/sdk

go 1.25.0
