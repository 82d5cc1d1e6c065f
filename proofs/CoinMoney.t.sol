// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Prover} from "./Prover.sol";
import {CoinChainCode} from "./generated/CoinChainCode.sol";
import {ICoinChain} from "@layer2/interfaces/ICoinChain.sol";
import {ICoinChainTypes} from "@layer2/interfaces/ICoinChainTypes.sol";

/// @title Claims of coins of ether: any exit, any second, any coin
contract CoinMoneyTest is Prover {
    address private constant OWNER = address(0x0E21);
    uint96 private constant BOND = 0.3 ether;
    uint96 private constant CHALLENGE_BOND = 0.2 ether;
    uint96 private constant BOUNTY = 0.01 ether;

    ICoinChain private chain;

    struct Case {
        uint64 coin;
        uint40 number;
        uint112 value;
        uint40 exitableAt;
        uint24 challenges;
        uint24 answered;
        bool running;
        bool there;
        uint40 time;
    }

    function setUp() public {
        ICoinChainTypes.Config memory config =
            ICoinChainTypes.Config(address(0x09E2), 7 days, 14 days, BOND, CHALLENGE_BOND, BOUNTY);
        chain = ICoinChain(deploy(CoinChainCode.creation(), abi.encode(config)));
    }

    function check_claim_pays_the_owner_the_coin_and_the_bonds(Case memory c, uint256 held) external {
        vm.deal(address(chain), held);
        if (!_claim(c)) return;
        // A quarter of each answered bond was paid to the account that answered.
        uint256 bonds = BOND + uint256(c.answered) * (CHALLENGE_BOND - CHALLENGE_BOND / 4);
        // The money of the coin and of the bonds was deposited. A chain without it would defer the payment.
        vm.assume(held >= c.value + bonds);
        assert(OWNER.balance == c.value + bonds - BOUNTY);
        assert(STRANGER.balance == BOUNTY);
        assert(address(chain).balance == held - c.value - bonds);
    }

    function check_claim_needs_a_running_exit_whose_time_has_come(Case memory c) external {
        vm.deal(address(chain), type(uint120).max);
        if (!_claim(c)) return;
        assert(c.running && c.there && c.challenges == 0 && c.time > c.exitableAt);
    }

    function check_claim_works_when_its_time_has_come(Case memory c) external {
        vm.assume(c.running && c.there && c.challenges == 0 && c.time > c.exitableAt);
        // The solver cannot divide by all numbers within its time.
        vm.assume(c.answered < 4);
        vm.deal(address(chain), type(uint120).max);
        assert(_claim(c));
    }

    function check_claim_ends_the_coin_and_the_exit(Case memory c, uint40 later) external {
        vm.deal(address(chain), type(uint120).max);
        if (!_claim(c)) return;
        assert(chain.coins(c.coin) == 0);
        vm.warp(later);
        (bool again,) = address(chain).call(_call(c));
        assert(!again);
    }

    function check_claim_is_not_paid_by_another_exit_of_the_coin(Case memory c, uint40 other) external {
        vm.deal(address(chain), type(uint120).max);
        vm.assume(other != c.number);
        _put(c, other);
        if (!_claim(c)) return;
        Case memory second = Case(c.coin, other, c.value, c.exitableAt, c.challenges, c.answered, true, true, c.time);
        (bool again,) = address(chain).call(_call(second));
        assert(!again);
    }

    function check_CONTROL_claim_never_works(Case memory c) external {
        vm.deal(address(chain), type(uint120).max);
        assert(!_claim(c));
    }

    function check_CONTROL_claim_leaves_the_coin(Case memory c) external {
        vm.deal(address(chain), type(uint120).max);
        if (!_claim(c)) return;
        assert(chain.coins(c.coin) != 0);
    }

    function check_CONTROL_claim_keeps_the_bonds(Case memory c) external {
        vm.deal(address(chain), type(uint120).max);
        if (!_claim(c)) return;
        assert(OWNER.balance == c.value);
    }

    function _claim(Case memory c) private returns (bool ok) {
        ICoinChainTypes.ExitClaim[] memory dues = _dues(c);
        put(
            address(chain),
            placeOf(bytes32(uint256(c.coin)), CoinChainCode.coins),
            c.there ? uint256(keccak256(abi.encode(dues[0].record))) : 0
        );
        _put(c, c.number);
        vm.warp(c.time);
        vm.prank(STRANGER);
        (ok,) = address(chain).call(abi.encodeCall(chain.finalizeExits, (dues)));
    }

    function _put(Case memory c, uint40 number) private {
        uint256 outer = placeOf(bytes32(uint256(c.coin)), CoinChainCode._exits);
        uint256 place = placeOf(bytes32(uint256(number)), outer);
        uint256 word = uint256(c.exitableAt) << CoinChainCode._exits_exitableAt
            | (uint256(c.challenges) << CoinChainCode._exits_challenges);
        put(address(chain), place, c.running ? word | uint160(OWNER) : word);
        put(address(chain), place + 1, uint256(c.answered) << (CoinChainCode._exits_answered - 256));
    }

    function _dues(Case memory c) private pure returns (ICoinChainTypes.ExitClaim[] memory dues) {
        dues = new ICoinChainTypes.ExitClaim[](1);
        ICoinChainTypes.Coin memory record =
            ICoinChainTypes.Coin(OWNER, ICoinChainTypes.Kind.Ether, address(0), c.value, 1);
        dues[0] = ICoinChainTypes.ExitClaim(c.coin, c.number, record);
    }

    function _call(Case memory c) private view returns (bytes memory) {
        return abi.encodeCall(chain.finalizeExits, (_dues(c)));
    }
}
