/* A host whose TCP/IP stack is lwIP's: it answers on the TAP device that the environment
 * variable PRECONFIGURED_TAPIF names, by 10.9.0.2, and its port 80 is open. */
#include <lwip/api.h>
#include <lwip/ip4_addr.h>
#include <lwip/netif.h>
#include <lwip/tcpip.h>
#include <netif/tapif.h>
#include <semaphore.h>
#include <stdio.h>

static sem_t begun;

static void begin(void *arg) {
	(void)arg;
	sem_post(&begun);
}

int main(void) {
	static struct netif link;
	ip4_addr_t addr, mask, gateway;
	struct netconn *listener, *c;

	sem_init(&begun, 0, 0);
	tcpip_init(begin, NULL);
	sem_wait(&begun);
	IP4_ADDR(&addr, 10, 9, 0, 2);
	IP4_ADDR(&mask, 255, 255, 255, 0);
	IP4_ADDR(&gateway, 10, 9, 0, 1);
	LOCK_TCPIP_CORE();
	netif_add(&link, &addr, &mask, &gateway, NULL, tapif_init, tcpip_input);
	netif_set_default(&link);
	netif_set_up(&link);
	netif_set_link_up(&link);
	UNLOCK_TCPIP_CORE();
	listener = netconn_new(NETCONN_TCP);
	if (netconn_bind(listener, IP_ADDR_ANY, 80) != ERR_OK || netconn_listen(listener) != ERR_OK)
		return 1;
	puts("ready");
	fflush(stdout);
	for (;;)
		if (netconn_accept(listener, &c) == ERR_OK) {
			netconn_close(c);
			netconn_delete(c);
		}
}
