import t from 'tap'
import { remember } from '../../src/remember.ts'

t.test('the results asked for last are kept, and no more than those', async (t) => {
  const made: string[] = []
  const upper = remember((text: string) => {
    made.push(text)
    return text.toUpperCase()
  }, 2)
  t.same(['a', 'b', 'a', 'c', 'a', 'b'].map(upper.of), ['A', 'B', 'A', 'C', 'A', 'B'])
  t.same(made, ['a', 'b', 'c', 'b'], '"b" went when "c" came, since "a" was asked for after it')
})
