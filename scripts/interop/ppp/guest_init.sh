#!/bin/busybox sh
# First process of the user-mode Linux guest of ppp_lab.ts. Its root is the machine's own file tree, read-only; what it
# writes goes to memory or to the lab's folder. Words of the kernel's command line that we read:
#   LAB=/abs/folder   the lab's folder: etc-ppp/, log/, www/
#   LINES=N           serial lines to hold open
# Each line on the console is a command that runs beside the others: number N of them (from 0) says what it has to say in
# log/N.said, and that it is over in log/N.over.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb
B=/bin/busybox
$B mount -t proc proc /proc
$B mount -t sysfs sysfs /sys
$B mount -t tmpfs -o mode=755 tmpfs /run
$B mkdir -p /run/lab /run/lock /dev/pts
$B mount -t devpts devpts /dev/pts
$B mount -t hostfs -o "$LAB" none /run/lab
$B mount -t tmpfs -o mode=755 tmpfs /etc/ppp
$B mount -t tmpfs tmpfs /tmp
$B cp /run/lab/etc-ppp/* /etc/ppp/
$B chmod 600 /etc/ppp/pap-secrets /etc/ppp/chap-secrets

K=/usr/lib/uml/modules/$($B uname -r)/kernel
for module in lib/crc-ccitt drivers/net/slip/slhc drivers/net/ppp/ppp_generic drivers/net/ppp/ppp_async \
  net/ipv6/ipv6 lib/crypto/libarc4 drivers/net/ppp/ppp_mppe drivers/net/ppp/bsd_comp drivers/net/ppp/ppp_deflate drivers/net/ppp/pppox drivers/net/ppp/pppoe; do
  # A lookup of the crypto layer fails now and then at this early hour.
  for try in 1 2 3 4 5; do $B insmod "$K/$module.ko" 2>/dev/null && break; done
done
[ -e /dev/ppp ] || $B mknod /dev/ppp c 108 0
$B ifconfig lo 127.0.0.1 up
$B ip addr add 10.64.64.53/32 dev lo
echo 1 >/proc/sys/net/ipv4/ip_forward
$B nc -ll -p 7 -e /bin/busybox cat </dev/null >/dev/null 2>&1 &
$B httpd -p 80 -h /run/lab/www
i=0
while [ $i -lt "$LINES" ]; do
  # A line that nobody has open has no pseudo-terminal, and gets another one each time.
  $B sleep 999999 </dev/ttyS$i >/dev/null 2>&1 &
  # Nor does it echo what arrives before pppd does.
  $B stty -F /dev/ttyS$i raw -echo
  i=$((i + 1))
done

# What is logged is for the machine to read at once.
echo 2 >/proc/sys/vm/dirty_writeback_centisecs
echo 1 >/proc/sys/vm/dirty_expire_centisecs

# supervise LINE OPTIONS…: answers call after call.
supervise() {
  tty=$1
  shift
  while :; do
    pppd /dev/$tty 115200 "$@" logfile /run/lab/log/$tty.log nodetach </dev/null >>/run/lab/log/$tty.out 2>&1
    echo $? >>/run/lab/log/$tty.exit
    $B usleep 50000
  done
}

# pppd_of LINE: its process.
pppd_of() {
  for p in $($B pidof pppd); do
    $B grep -q "/dev/$1.115200" /proc/$p/cmdline 2>/dev/null && echo $p
  done
}

# stop_line LINE: ends its supervisor and its pppd, and waits for the end.
stop_line() {
  [ -e /run/lab/log/$1.super ] && kill "$(cat /run/lab/log/$1.super)" 2>/dev/null && $B rm /run/lab/log/$1.super
  for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    p=$(pppd_of $1)
    [ -z "$p" ] && return
    [ $try = 1 ] && kill -CONT $p && kill -TERM $p
    [ $try = 15 ] && kill -KILL $p
    $B usleep 100000
  done
}

# Only of a real terminal does the end of the console's other side mean a hang-up, which ends the guest with its parent.
exec </dev/tty0 >/dev/tty0 2>&1
$B stty -echo -onlcr
n=0
echo "##ready"
while read -r line; do
  [ "$line" = poweroff ] && break
  {
    (eval "$line") >/run/lab/log/$n.said 2>&1
    echo $? >/run/lab/log/$n.over
  } </dev/null &
  n=$((n + 1))
done
$B poweroff -f
