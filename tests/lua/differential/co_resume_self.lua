return { coroutine.resume(coroutine.running()) }
