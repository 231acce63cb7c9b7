module gitlab.com/rackn/netwrangler

go 1.26.0
