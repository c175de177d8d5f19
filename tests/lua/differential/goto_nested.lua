for i = 1, 10 do for j = 1, 10 do if i * j == 42 then return { i, j } end if j > i then goto next
  end end ::next:: end
return 'none'
