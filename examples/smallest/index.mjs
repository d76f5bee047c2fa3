import CircuitBreaker from 'didelphis'

async function getUser (id) {
  const response = await fetch(`http://localhost:3000/users/${id}`)
  if (!response.ok) throw new Error(`answered ${response.status}`)
  return response.json()
}

const breaker = new CircuitBreaker(getUser, { timeout: 500, resetTimeout: 10_000 })
breaker.fallback(id => ({ id, name: 'somebody' }))
breaker.on('open', () => console.error('getUser: circuit open'))

breaker.fire(42).then(console.log)
