return rawequal(pairs({}), next)
